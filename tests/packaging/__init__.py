"""What is handed out: wheel and sdist, and what they ask for."""
