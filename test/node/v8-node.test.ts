import { v8Implementation } from './implementations.js';
import { describeNode } from './suite.js';

describeNode(v8Implementation);
