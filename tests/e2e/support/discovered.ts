import { parseSeries, Series } from "../../support/dashboards/scrapes";
import { DiscoveryUnderTest, TAGS } from "../../support/discovery";

/** What the program that finds hosts by EC2 tags shows, with an instance that it leaves out. */
export async function discoverySeries(target: Series): Promise<Series[]> {
    const discovery = await DiscoveryUnderTest.start();
    try {
        discovery.api.instances = [{ id: "i-1", address: "10.0.1.1", tags: TAGS }];
        const { said } = await discovery.run();
        if (said) throw new Error(said);
        return discovery.metrics().split("\n").filter((line) => line && !line.startsWith("#")).map((line) => ({ ...parseSeries(line), ...target }));
    } finally {
        discovery.stop();
    }
}
