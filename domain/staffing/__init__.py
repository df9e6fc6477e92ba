"""A re-engagement staffing: what its team records, what is still to be answered, and what it decides. OR-1 to OR-7."""
