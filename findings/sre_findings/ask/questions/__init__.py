"""What can be asked, a room for each kind: who asks one question makes the others not, for each
takes a millisecond."""
