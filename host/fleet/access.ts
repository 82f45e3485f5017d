/** Access list of a broker (mosquitto's acl_file): who may publish and receive what. */
import { aggregatorIdentity } from '../contract/identity.js';
import { topics, type TopicRole } from '../contract/schema.js';
import { topicOf, type TopicScope } from '../contract/topics.js';

/** The rules of one identity; a node has {node} only as its own name. */
function rulesOf(identity: string, role: TopicRole, scope: TopicScope): string[] {
  const values = role === 'node' ? { node: identity } : {};
  return topics.flatMap(({ name, writer, readers }) => {
    const filter = topicOf(name, scope, values);
    return [
      ...(writer === role ? [`topic write ${filter}`] : []),
      ...(readers.includes(role) ? [`topic read ${filter}`] : []),
    ];
  });
}

/**
 * The access list for `identities`: whoever is not in it may do nothing. Each has rules of its own, so
 * that leaving one out is enough to silence it.
 */
export function accessList(identities: readonly string[], scope: TopicScope): string {
  const parts = identities.map((identity) => {
    const role = identity === aggregatorIdentity ? 'aggregator' : 'node';
    return [`user ${identity}`, ...rulesOf(identity, role, scope)].join('\n');
  });
  return `# Written by linnet fleet; the next change writes it anew.\n\n${parts.join('\n\n')}\n`;
}
