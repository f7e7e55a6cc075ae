"""Published reports: their files, their index, and which users may read them."""
