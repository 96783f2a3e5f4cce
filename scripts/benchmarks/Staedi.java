import io.xlate.edi.stream.EDIInputFactory;
import io.xlate.edi.stream.EDIStreamEvent;
import io.xlate.edi.stream.EDIStreamReader;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.InputStream;

/** Reads a file through StAEDI's events; prints how many claims and faults there were. */
public class Staedi {
    public static void main(String[] args) throws Exception {
        long claims = 0;
        long findings = 0;
        try (InputStream stream = new BufferedInputStream(new FileInputStream(args[0]), 1 << 20)) {
            EDIStreamReader reader = EDIInputFactory.newFactory().createEDIStreamReader(stream);
            while (reader.hasNext()) {
                EDIStreamEvent event = reader.next();
                if (event == EDIStreamEvent.START_SEGMENT) {
                    String segment = reader.getText();
                    claims += segment.equals("CLP") || segment.equals("CLM") ? 1 : 0;
                } else if (event == EDIStreamEvent.SEGMENT_ERROR
                        || event == EDIStreamEvent.ELEMENT_OCCURRENCE_ERROR
                        || event == EDIStreamEvent.ELEMENT_DATA_ERROR) {
                    findings++;
                }
            }
        }
        System.out.println("{\"claims\": " + claims + ", \"findings\": " + findings + "}");
    }
}
