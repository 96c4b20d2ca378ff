package awsmodel

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const compute = `{"metadata": {"apiVersion": "2016-11-15", "protocol": "ec2", "xmlNamespace": "http://ec2/doc/2016-11-15"},
"operations": {"Assign": {"input": {"shape": "In"}, "output": {"shape": "Out"}}, "Drop": {"input": {"shape": "In"}}},
"shapes": {"S": {"type": "string"}, "B": {"type": "boolean"}, "T": {"type": "timestamp"}, "N": {"type": "integer", "min": 1, "max": 9}, "E": {"type": "string", "enum": ["a", "b"]},
 "L": {"type": "list", "member": {"shape": "S", "locationName": "item"}, "max": 2},
 "In": {"type": "structure", "required": ["Id"], "members": {"Id": {"shape": "S", "locationName": "id"}, "Count": {"shape": "N"}, "Kind": {"shape": "E"}, "Names": {"shape": "L", "locationName": "name", "queryName": "TheName"}, "Dry": {"shape": "B"}}},
 "Out": {"type": "structure", "members": {"Id": {"shape": "S", "locationName": "id"}, "Count": {"shape": "N", "locationName": "count"}, "At": {"shape": "T", "locationName": "at"}, "Names": {"shape": "L", "locationName": "nameSet"}}}}}`

const balancing = `{"metadata": {"apiVersion": "2015-12-01", "protocol": "query", "xmlNamespace": "http://elb/doc/2015-12-01/"},
"operations": {"Make": {"input": {"shape": "In"}, "output": {"shape": "Out", "resultWrapper": "MakeResult"}, "errors": [{"shape": "Dup"}]}},
"shapes": {"S": {"type": "string", "min": 1, "max": 3, "pattern": "[a-z]+"}, "L": {"type": "list", "member": {"shape": "S"}},
 "Dup": {"type": "structure", "error": {"code": "Duplicate", "httpStatusCode": 400}},
 "In": {"type": "structure", "members": {"Name": {"shape": "S"}, "Names": {"shape": "L"}}},
 "Out": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "S"}, "Names": {"shape": "L"}}}}}`

func model(t *testing.T, text string) *Model {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api-2.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryKindOfDeviationIsFound(t *testing.T) {
	ec2 := func(inner string) string {
		return `<AssignResponse xmlns="http://ec2/doc/2016-11-15/"><requestId>r</requestId>` + inner + `</AssignResponse>`
	}
	elb := func(inner string) string {
		return `<MakeResponse xmlns="http://elb/doc/2015-12-01/"><MakeResult>` + inner + `</MakeResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></MakeResponse>`
	}
	const refused = `<Response><Errors><Error><Code>%</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>`
	const refusedELB = `<ErrorResponse><Error><Type>Sender</Type><Code>%</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>`
	for name, c := range map[string]struct {
		model, form  string
		status       int
		answer, want string
	}{
		"none":                           {compute, "Action=Assign&Id=x&Count=3&Kind=a&TheName.1=p&TheName.2=q&Dry=true", 200, ec2(`<id>x</id><count>3</count><at>2026-01-02T03:04:05.000Z</at><nameSet><item>p</item></nameSet>`), ""},
		"no such action":                 {compute, "Action=Assin", 200, "", "no such action"},
		"an unknown parameter":           {compute, "Action=Assign&Id=x&Idd=y", 200, ec2(""), "Idd: there is no such parameter"},
		"a parameter by its member name": {compute, "Action=Assign&Id=x&Names.1=y", 200, ec2(""), "Names: there is no such parameter"},
		"a missing parameter":            {compute, "Action=Assign", 200, ec2(""), "Id: a required parameter is missing"},
		"a number":                       {compute, "Action=Assign&Id=x&Count=many", 200, ec2(""), "no whole number"},
		"a bound":                        {compute, "Action=Assign&Id=x&Count=10", 200, ec2(""), "more than 9"},
		"an enumeration":                 {compute, "Action=Assign&Id=x&Kind=c", 200, ec2(""), "none of the values"},
		"a boolean":                      {compute, "Action=Assign&Id=x&Dry=yes", 200, ec2(""), "no boolean"},
		"a gap in a list":                {compute, "Action=Assign&Id=x&TheName.2=y", 200, ec2(""), "without a gap"},
		"too long a list":                {compute, "Action=Assign&Id=x&TheName.1=a&TheName.2=b&TheName.3=c", 200, ec2(""), "more than 2"},
		"another document":               {compute, "Action=Assign&Id=x", 200, `<AssResponse xmlns="http://ec2/doc/2016-11-15"><requestId>r</requestId></AssResponse>`, "AssResponse and not AssignResponse"},
		"another namespace":              {compute, "Action=Assign&Id=x", 200, `<AssignResponse><requestId>r</requestId></AssignResponse>`, "namespace"},
		"no request ID":                  {compute, "Action=Assign&Id=x", 200, `<AssignResponse xmlns="http://ec2/doc/2016-11-15"/>`, "no request ID"},
		"an unknown member":              {compute, "Action=Assign&Id=x", 200, ec2("<idd>x</idd>"), "idd: there is no such member"},
		"a member twice":                 {compute, "Action=Assign&Id=x", 200, ec2("<id>x</id><id>y</id>"), "more than once"},
		"a member's type":                {compute, "Action=Assign&Id=x", 200, ec2("<count>x</count><at>today</at>"), "no time"},
		"an entry's name":                {compute, "Action=Assign&Id=x", 200, ec2("<nameSet><member>x</member></nameSet>"), "called member and not item"},
		"no result at all":               {compute, "Action=Drop&Id=x", 200, `<DropResponse xmlns="http://ec2/doc/2016-11-15"><requestId>r</requestId><return>true</return></DropResponse>`, ""},
		"an error":                       {compute, "Action=Assign&Id=x", 400, strings.Replace(refused, "%", "InvalidVpcID.NotFound", 1), ""},
		"an error's code":                {compute, "Action=Assign&Id=x", 400, strings.Replace(refused, "%", "Gone", 1), "no error code of EC2"},
		"an error's envelope":            {compute, "Action=Assign&Id=x", 400, strings.Replace(refusedELB, "%", "InvalidVpcID.NotFound", 1), "not in the envelope"},
		"no envelope":                    {compute, "Action=Assign&Id=x", 400, "no", "without an error envelope"},
		"a 5xx of what is in front":      {compute, "Action=Assign&Id=x", 503, "no", ""},

		"ELB: none":                 {balancing, "Action=Make&Name=a&Names.member.1=b", 200, elb("<Name>a</Name><Names><member>b</member></Names>"), ""},
		"ELB: an empty list":        {balancing, "Action=Make&Name=a&Names=", 200, elb("<Name>a</Name>"), ""},
		"ELB: a flat list":          {balancing, "Action=Make&Name=a&Names.1=b", 200, elb("<Name>a</Name>"), "written as .member.N"},
		"ELB: a pattern":            {balancing, "Action=Make&Name=A", 200, elb("<Name>a</Name>"), "does not match"},
		"ELB: a length":             {balancing, "Action=Make&Name=abcd", 200, elb("<Name>a</Name>"), "too short or too long"},
		"ELB: a missing member":     {balancing, "Action=Make&Name=a", 200, elb(""), "Name: a required member is missing"},
		"ELB: no result":            {balancing, "Action=Make&Name=a", 200, `<MakeResponse xmlns="http://elb/doc/2015-12-01/"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></MakeResponse>`, "no MakeResult"},
		"ELB: an error":             {balancing, "Action=Make&Name=a", 400, strings.Replace(refusedELB, "%", "Duplicate", 1), ""},
		"ELB: an error's status":    {balancing, "Action=Make&Name=a", 409, strings.Replace(refusedELB, "%", "Duplicate", 1), "status 409, and it is 400"},
		"ELB: another's error":      {balancing, "Action=Make&Name=a", 400, strings.Replace(refusedELB, "%", "TooMany", 1), "none of the action's error codes"},
		"ELB: an error of them all": {balancing, "Action=Make&Name=a", 400, strings.Replace(refusedELB, "%", "ValidationError", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, x := range model(t, c.model).Exchange(form, c.status, c.answer) {
				all = append(all, x.String())
			}
			got := strings.Join(all, "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
