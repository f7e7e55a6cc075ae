"""What each section of the page says, as plain values for its template: pure functions of the
night's material."""
