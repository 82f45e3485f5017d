import { describeConformance } from '../conformance/suite.js';
import { openQemuRuntime } from '../runtimes/qemu.js';

describeConformance(await openQemuRuntime('cortex-m0'));
