import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.model.AbstractGroup;
import ca.uhn.hl7v2.model.Group;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.parser.PipeParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;

/** Reads messages, one a line (segments end in CR), with the structures of HL7 2.4 and HAPI's own validation. Prints of each the structure that HAPI took
 * it for, the segments that have no place in that, and whether it writes the same message again; or why it refuses it. */
public final class ReadAdt {
    private static void strangers(Group group, TreeSet<String> into) throws HL7Exception {
        into.addAll(((AbstractGroup) group).getNonStandardNames());
        for (String name : group.getNames())
            for (Structure s : group.getAll(name))
                if (s instanceof Group)
                    strangers((Group) s, into);
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (DefaultHapiContext context = new DefaultHapiContext()) {
            PipeParser parser = context.getPipeParser();
            StringBuilder message = new StringBuilder();
            for (int c; (c = in.read()) >= 0;) {
                if (c != '\n') {
                    message.append((char) c);
                    continue;
                }
                out.println(read(parser, message.toString()));
                message.setLength(0);
            }
        }
        out.flush();
    }

    private static String read(PipeParser parser, String text) {
        try {
            Message m = parser.parse(text);
            TreeSet<String> odd = new TreeSet<>();
            strangers(m, odd);
            String again = parser.encode(m);
            return m.getClass().getName() + " " + String.join(",", odd) + " " + (again.equals(text) ? "same" : again.replace('\r', '#'));
        } catch (HL7Exception e) {
            return "refused: " + e.getMessage();
        }
    }
}
