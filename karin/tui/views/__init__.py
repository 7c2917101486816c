"""The views: what is known, as rows and details. Pure, and the same for the full screen and for plain lines."""
