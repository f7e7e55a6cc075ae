"""The history that follows from a snapshot: vulnerability details and the life of each finding."""
