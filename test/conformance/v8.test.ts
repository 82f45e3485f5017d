import { v8Runtime } from '../runtimes/v8.js';
import { describeConformance } from './suite.js';

describeConformance(v8Runtime);
