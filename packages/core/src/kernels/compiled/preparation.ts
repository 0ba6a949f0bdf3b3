/** Fills what is constant in a layout once it lies in an arena: tables of convolutions, rates and gains. */
import { fillTables } from './convolution-layout.ts';
import type { Layout } from './layout.ts';
import { resetUnits } from './unit-settings.ts';

export function prepareLayout(layout: Layout): void {
  const { network, connections } = layout;
  resetUnits(layout);
  network.connections.forEach((connection, k) => {
    const { carrier } = connections[k];
    if (connection.kind !== 'convolution' || carrier.kind !== 'convolution') return;
    fillTables(carrier, connection, network.layers[connection.from], network.layers[connection.to]);
  });
}
