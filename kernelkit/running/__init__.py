"""A kernel's life: started, asked, interrupted, ended."""
