"""What can be read of matters. Each takes who asks; staff see by role, area and confidentiality, the public what is public."""
