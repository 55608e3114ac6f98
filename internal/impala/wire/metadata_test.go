package wire

import (
	"bytes"
	"reflect"
	"testing"
)

func TestMetadataCallsSurviveTheWire(t *testing.T) {
	handle := Handle{GUID: []byte("0123456789abcdef"), Secret: []byte("fedcba9876543210")}
	all, empty, name := "%", "", "lower\\_case"
	tests := []struct {
		name string
		req  MetadataReq
	}{
		{"GetTypeInfo has a session alone", MetadataReq{Session: SessionHandle{handle}}},
		{"an unset pattern is not an empty one", MetadataReq{Session: SessionHandle{handle}, Names: [maxNames]*string{nil, &empty}}},
		{"GetTables has types in the place of a column", MetadataReq{Session: SessionHandle{handle}, Names: [maxNames]*string{nil, &all, &name}, TableTypes: []string{"TABLE", "VIEW"}}},
		{"GetCrossReference has six names", MetadataReq{Session: SessionHandle{handle}, Names: [maxNames]*string{&empty, &all, &name, &empty, &all, &name}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := encode(t, func(c *Codec) error { return c.WriteCall("GetX", 3, &tt.req) })
			c := reader(data)
			if method, seq, err := c.ReadCall(); method != "GetX" || seq != 3 || err != nil {
				t.Fatal(method, seq, err)
			}
			var got MetadataReq
			if err := c.ReadRequest(&got); err != nil || !reflect.DeepEqual(got, tt.req) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAQueryIDIsTheWholeReply(t *testing.T) {
	data := encode(t, func(c *Codec) error { return c.WriteReply("GetQueryId", 1, &QueryIDResp{"1:2"}) })
	if want := unhex(t, "80010002 0000000a 47657451756572794964 00000001 0c0000 0b0001 00000003 313a32 00 00"); !bytes.Equal(data, want) {
		t.Errorf("got %x", data)
	}
	var got QueryIDResp
	if err := reader(data).ReadReply("GetQueryId", 1, &got); err != nil || got.QueryID != "1:2" {
		t.Errorf("got %+v, %v", got, err)
	}
}
