"""Live data: Inspector, EC2, SSM and CloudWatch, asked now about one resource."""
