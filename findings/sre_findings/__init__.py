"""The ground of the house: what a finding is, where it comes from, where it is kept, how it is asked for."""
