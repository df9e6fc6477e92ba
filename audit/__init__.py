"""What an auditor can check without a server: signed documents of what was decided, and by which rule."""
