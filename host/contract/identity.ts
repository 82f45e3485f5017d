/** Whom a certificate of a fleet can name: a node, or one of these, which no node can be called. */

/** The aggregator: it alone may announce, publish objects and send receipts. */
export const aggregatorIdentity = '@aggregator';

/** The broker's server. */
export const brokerIdentity = '@broker';
