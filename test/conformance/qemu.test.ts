import { qemuRuntime } from '../runtimes/qemu.js';
import { describeConformance } from './suite.js';

describeConformance(qemuRuntime);
