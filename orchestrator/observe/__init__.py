"""What operators see: events, metrics, and alerts that speak of the business. Pure but for the sink it is given."""
