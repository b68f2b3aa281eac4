"""The firm's own language: frozen records that every process, policy and adapter speaks.

Nothing here knows a vendor, a wire format or a clock. Amounts are int minor units beside an ISO currency, quantities int
hundredths, rates int ten-thousandths of a currency unit, instants int milliseconds since 1970 UTC, dates "YYYY-MM-DD".
Records travel through the journal as JSON by value, so they hold only plain data.
"""
