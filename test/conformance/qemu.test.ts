import { qemuRuntime } from '../runtimes/qemu.js';
import { describeConformance } from './suite.js';

// The portable kernel takes a minute here: test/cores.
describeConformance(qemuRuntime, { builds: ['accelerated'] });
