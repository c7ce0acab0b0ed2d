"""The shell: sockets, clocks and the one await between the two pure halves of an exchange."""
