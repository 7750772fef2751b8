"""Many bots: nobody's answer is lost with one of them."""
