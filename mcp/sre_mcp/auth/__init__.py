"""Who asks: tokens by their hash, JWTs of an OIDC issuer, and what each of them may see and do."""
