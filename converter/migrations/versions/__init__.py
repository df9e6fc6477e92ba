"""The steps; a step once released is never edited, a change is a new step."""
