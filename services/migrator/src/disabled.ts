/** What a host that we disabled says in Nova; only such a host is enabled by us again. */
export const DISABLED_BY_US = 'Lifeboat';
