"""Schedules: when each job runs, rendered for EventBridge Scheduler, and run here where there is no
AWS."""
