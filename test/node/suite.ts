/**
 * One suite of cases for every implementation of a node: the firmware core as a process, the same
 * under sanitizers, and the node in TypeScript. Whoever passes is the same device on the link.
 */
import { afterAll, afterEach, describe } from 'vitest';
import { describeAnnouncements } from './announcement-cases.js';
import { describeTrust } from './trust-cases.js';
import { Cable, type OpenCable } from './cable.js';
import { describeDifferences } from './difference-cases.js';
import { describeIntroduction } from './hello-cases.js';
import { removeFlashes, type Implementation } from './implementations.js';
import { describeLink } from './link-cases.js';
import { describeObjects } from './object-cases.js';
import { describeParticipation } from './participation-cases.js';
import { describePersonal } from './personal-cases.js';
import { describeReceipts } from './receipt-cases.js';
import { describeResiduals } from './residual-cases.js';
import { describeRounds } from './round-cases.js';
import { describeSeeds } from './seed-cases.js';
import { describeTrials } from './trial-cases.js';
import { describeUploads } from './upload-cases.js';

export function describeNode(implementation: Implementation): void {
  describe(implementation.name, () => {
    const cables: Cable[] = [];
    const open: OpenCable = (options) => {
      const cable = new Cable(implementation, options);
      cables.push(cable);
      return cable;
    };
    afterEach(async () => {
      for (const cable of cables.splice(0)) await cable.close();
    });
    afterAll(removeFlashes);
    describeIntroduction(implementation, open);
    describeAnnouncements(open);
    describeParticipation(implementation, open);
    describeRounds(implementation, open);
    describeObjects(implementation, open);
    describeDifferences(open);
    describeSeeds(open);
    describeTrials(implementation, open);
    describeUploads(implementation, open);
    describeReceipts(implementation, open);
    describeResiduals(open);
    describePersonal(open);
    describeLink(open);
    describeTrust(open);
  });
}
