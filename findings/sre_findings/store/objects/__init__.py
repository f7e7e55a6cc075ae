"""Files of a store in a folder or an S3 bucket, and their copies on the local disk."""
