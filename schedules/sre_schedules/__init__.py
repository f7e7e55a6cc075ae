"""Schedules: when each job runs. They are rendered for EventBridge Scheduler, or run here without
AWS."""
