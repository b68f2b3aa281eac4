"""A deployable integration core: intake, durable processes, policies, vendor adapters, operator API. It knows no simulation."""
