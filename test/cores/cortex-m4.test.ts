import { describeConformance } from '../conformance/suite.js';
import { qemuRuntime } from '../runtimes/qemu.js';

// The accelerated kernel is in every test run.
describeConformance(qemuRuntime, { builds: ['portable'] });
