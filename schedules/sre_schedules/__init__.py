"""The schedules of jobs.

They are rendered for EventBridge Scheduler, or run here without AWS.
"""
