"""Salesforce as the CRM of the ports: SOQL to read, external ids to write, Outbound Messages to listen to."""
