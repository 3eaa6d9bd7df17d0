"""What dbt's builds cost: a full one, a day more, nothing new, and the queries of readers."""
