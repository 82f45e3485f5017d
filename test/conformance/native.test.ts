import { nativeRuntime } from '../runtimes/native.js';
import { describeConformance } from './suite.js';

describeConformance(nativeRuntime);
