"""Authentication and access: tokens, JWTs of an OIDC issuer, and the scopes of each."""
