"""What keeps the repository in order: set-up, checks, translations, pictures."""
