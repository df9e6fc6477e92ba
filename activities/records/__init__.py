"""The systems of record a case writes to: MWA System, IEP, eligibility alerts, staff tasks."""
