"""SLA policy, due dates, and the age of open findings."""
