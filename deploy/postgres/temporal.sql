-- Beside its own database the Temporal server has one for visibility.
CREATE DATABASE temporal_visibility;
