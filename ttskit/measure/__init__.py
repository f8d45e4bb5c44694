"""What was said once (`spoken`), the measurements of it, and the statistics that compare, fit and drift share."""

__all__ = []
