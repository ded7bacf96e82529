/** ESDIRK5(4)7L[2]SA2 of Kennedy and Carpenter (2019): for stiff problems, of orders 5 and 4, L-stable. */
import { type ImplicitTableau, implicitMethod } from "../implicit-step.js";

const gamma = 23 / 125;

/** Row i but for its first number, which is the second one, too: by that the stages are of order 2, however stiff. */
const rows = [
  [],
  [gamma],
  [791020047304 / 3561426431547],
  [-158159076358 / 11257294102345, -85517644447 / 5003708988389],
  [-1653327111580 / 4048416487981, 1514767744496 / 9099671765375, 14283835447591 / 12247432691556],
  [
    -4540011970825 / 8418487046959,
    -1790937573418 / 7393406387169,
    10819093665085 / 7266595846747,
    4109463131231 / 7386972500302,
  ],
  [
    -188593204321 / 4778616380481,
    2809310203510 / 10304234040467,
    1021729336898 / 2364210264653,
    870612361811 / 2470410392208,
    -1307970675534 / 8059683598661,
  ],
];
const a = rows.map((row) => row.slice(0, 1).concat(row));
const b = [...(a[6] as number[]), gamma];

/** Of order 4. */
const embedded = [-582099335757 / 7214068459310].flatMap((first) => [
  first,
  first,
  615023338567 / 3362626566945,
  3192122436311 / 6174152374399,
  6156034052041 / 14430468657929,
  -1011318518279 / 9693750372484,
  1914490192573 / 13754262428401,
]);

/**
 * Of order 4 throughout the step; of those that are and that do not grow with the stiffness (the first two numbers of a
 * column are equal, as in the tableau) the one whose errors of order 5 are least in the mean square.
 */
const path = [
  [1.558143905768457, -7.392438965704301, 10.003460825322614, -4.2086318344965],
  [1.558143905768457, -7.392438965704301, 10.003460825322614, -4.2086318344965],
  [-1.5007946616322885, 8.423565142807165, -11.14344506153853, 4.493311070613896],
  [-1.3990804539140482, 11.705812104734092, -17.59044442230439, 7.715877944004628],
  [0.7102317224747456, -5.593060179487852, 10.373530335243222, -5.13828579199723],
  [0.07483443003001031, 0.3266777468748062, -1.5985352842172724, 1.0347374965285134],
  [-0.001478848495331142, -0.07811688351962054, -0.04802721782823938, 0.31162294984319217],
];

const tableau: ImplicitTableau = {
  ...{ order: 5, estimate: 4, gamma, a, path },
  c: [0, 46 / 125, 7121331996143 / 11335814405378, 49 / 353, 3706679970760 / 5295570149437, 347 / 382, 1],
  // Twice the difference: so much less than the error is it over whole solutions (DETEST), beside other pairs.
  error: b.map((weight, i) => 2 * (weight - (embedded[i] as number))),
};

export const esdirk54 = implicitMethod("esdirk54", tableau);
export { tableau as esdirk54Tableau };
