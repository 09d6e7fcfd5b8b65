package bench;

import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.util.Terser;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.main.Main;

/**
 * One Camel route that does the least of what an adapter of weir does: an MLLP listener, the message taken
 * apart, a small event made of it and sent to Kafka with acks of all replicas, the ACK only after that. It writes one
 * record where weir writes two, and knows no event model, no limits and no repeats.
 *
 * Arguments: port, Kafka node, most connections.
 */
public final class CamelPeer {
    private CamelPeer() {
    }

    private static void toEvent(Exchange exchange) throws Exception {
        Terser terser = new Terser(exchange.getMessage().getBody(Message.class));
        exchange.getMessage().setBody("{\"id\":\"" + terser.get("/MSH-10") + "\",\"type\":\"" + terser.get("/MSH-9-2")
            + "\",\"time\":\"" + terser.get("/MSH-7") + "\",\"patient\":\"" + terser.get("/.PID-3-1")
            + "\",\"visit\":\"" + terser.get("/.PV1-19-1") + "\",\"ward\":\"" + terser.get("/.PV1-3-1") + "\"}");
    }

    public static void main(String[] args) throws Exception {
        Main main = new Main();
        main.configure().addRoutesBuilder(new RouteBuilder() {
            @Override
            public void configure() {
                from("mllp://127.0.0.1:" + args[0] + "?maxConcurrentConsumers=" + args[2] + "&idleTimeout=600000")
                    .unmarshal().hl7(false)
                    .process(CamelPeer::toEvent)
                    .to("kafka:flow.reported?brokers=" + args[1]
                        + "&lingerMs=0&requestRequiredAcks=all&enableIdempotence=true&synchronous=true&key=source");
            }
        });
        main.run();
    }
}
