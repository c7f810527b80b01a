"""The first pages: the landing page for visitors, the dashboard for users."""
