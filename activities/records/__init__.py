"""The systems of record a case writes to: MWA System, IEP, PDP, TRACS, ONE, eligibility alerts, staff tasks."""
