"""Closed runs, kept for auditors: as they were, linked into one signed chain for each case. ALL-8."""
