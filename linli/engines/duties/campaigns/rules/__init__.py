"""Campaigns, pure: ``doors`` attempts and whom to try when · ``targets`` households, import, sharing out, how far it is."""
