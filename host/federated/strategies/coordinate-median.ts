/**
 * Coordinate-wise median: Yin, Chen, Kannan, Bartlett, "Byzantine-Robust Distributed Learning: Towards Optimal
 * Statistical Rates", ICML 2018, definition 1: the trimmed mean of which one contribution is left, or two.
 */
import { trimming } from './coordinate-counts.js';

export const coordinateMedian = trimming('median', (n) => Math.max(0, Math.floor((n - 1) / 2)));
