"""Files of a store: a folder or an S3 bucket, and the copies on the local disk."""
