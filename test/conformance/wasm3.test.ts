import { wasm3Runtime } from '../runtimes/wasm3.js';
import { describeConformance } from './suite.js';

describeConformance(wasm3Runtime);
