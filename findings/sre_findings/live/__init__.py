"""Live data about one resource from Inspector, EC2, SSM and CloudWatch."""
